"""Paging: by marker without end, by offset as far as it goes."""

import unittest
from concurrent.futures import ThreadPoolExecutor

from .support import caller, package

HOW_MANY = 510


class Paging(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        bodies = [package(app_id="paging-app") for _ in range(HOW_MANY)]
        with ThreadPoolExecutor(4) as pool:
            cls.created = {each.package_id for each in pool.map(caller().create, bodies)}

    def pages(self, limit):
        """Every page, each from the marker of the one before."""
        marker = None
        while True:
            page = caller().list(app_id="paging-app", limit=limit, marker=marker)
            yield page
            if len(page.packages) < limit:
                return
            marker = page.page.marker

    def test_markers_lead_to_every_record_past_offset_500(self):
        pages = list(self.pages(limit=50))
        ids = [each.package_id for page in pages for each in page.packages]
        self.assertEqual(len(ids), HOW_MANY)
        self.assertEqual(set(ids), self.created)
        self.assertEqual({page.page.count for page in pages[:1]}, {HOW_MANY})

    def test_an_offset_counts_from_the_marker(self):
        first = caller().list(app_id="paging-app", limit=50)
        by_marker = caller().list(app_id="paging-app", limit=50, marker=first.page.marker, offset=50)
        by_offset = caller().list(app_id="paging-app", limit=50, offset=100)
        ids = [each.package_id for each in by_offset.packages]
        self.assertEqual(len(ids), 50)
        self.assertEqual([each.package_id for each in by_marker.packages], ids)

    def test_the_last_offset_still_gives_records(self):
        self.assertEqual(len(caller().list(app_id="paging-app", limit=50, offset=500).packages), HOW_MANY - 500)

    def test_without_a_limit_a_page_has_ten(self):
        self.assertEqual(len(caller().list(app_id="paging-app").packages), 10)

    def test_the_newest_come_first(self):
        newest = caller().create(package(app_id="order-app"))
        oldest, newest = newest, caller().create(package(app_id="order-app"))
        ids = [each.package_id for each in caller().list(app_id="order-app").packages]
        self.assertEqual(ids, [newest.package_id, oldest.package_id])
